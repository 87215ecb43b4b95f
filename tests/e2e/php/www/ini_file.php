<?php
echo php_ini_loaded_file();
