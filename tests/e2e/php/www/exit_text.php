<?php
echo 'before ';
exit('bye');
