<?php
echo 'folder';
