<?php
echo 'served';
