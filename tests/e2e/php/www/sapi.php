<?php
echo PHP_SAPI, ' ', php_sapi_name(), ' ', ZEND_THREAD_SAFE ? 'zts' : 'nts';
