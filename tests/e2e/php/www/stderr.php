<?php
file_put_contents('php://stderr', $_GET['text'] . "\n");
echo 'written';
