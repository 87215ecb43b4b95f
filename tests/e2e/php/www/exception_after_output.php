<?php
echo 'partial ';
throw new RuntimeException('secret-in-exception');
