<?php
header("X-Profile-Total-Us: forged");
echo 1;
