<?php
header('X-First: 1');
header('X-Second: 2');
header_remove('X-First');
header_remove('X-Powered-By');
echo implode("\n", headers_list());
