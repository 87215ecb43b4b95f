<?php
echo json_encode(['execution' => ini_get('max_execution_time'), 'input' => ini_get('max_input_time')]);
