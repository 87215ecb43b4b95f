<?php // Waits for a session that another process has locked.
session_save_path($_GET['folder']);
session_id('locked');
session_start();
echo 'started';
