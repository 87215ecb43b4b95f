<?php
echo extension_loaded('FFI') ? 'yes' : 'no';
