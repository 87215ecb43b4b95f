<?php
echo 'fast';
