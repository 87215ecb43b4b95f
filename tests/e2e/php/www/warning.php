<?php
echo $undefined_secret;
echo 'after';
