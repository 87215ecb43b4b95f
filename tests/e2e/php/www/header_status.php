<?php
header($_GET['line'], true, (int) $_GET['code']);
echo 'body';
