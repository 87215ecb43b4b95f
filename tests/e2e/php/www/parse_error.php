<?php
$secret_name = = 1;
