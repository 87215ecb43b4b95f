<?php
echo 'front page';
