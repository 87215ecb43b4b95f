<?php
echo json_encode(array_values(array_filter(explode(',', $_GET['names']), 'function_exists')));
