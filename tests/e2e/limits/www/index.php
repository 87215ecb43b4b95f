<?php
echo 'hello from ', $_SERVER['REMOTE_ADDR'];
