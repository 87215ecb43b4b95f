<?php
class Farewell { function __destruct() { echo ' farewell'; } }
$kept = new Farewell();
echo 'body';
