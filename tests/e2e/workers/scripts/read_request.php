<?php
return [count($_REQUEST), $_REQUEST['val'] === $_GET['val'], $_REQUEST['val']];
