<?php
sleep(60);
echo 'slept';
