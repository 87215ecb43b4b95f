<?php
echo 'index';
