<?php
$names = explode(',', $_GET['names']);
echo json_encode(array_combine($names, array_map('ini_get', $names)));
