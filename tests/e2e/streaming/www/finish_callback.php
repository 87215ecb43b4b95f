<?php
ob_start(fn ($text) => fastcgi_finish_request() ? $text : 'not');
echo 'text';
