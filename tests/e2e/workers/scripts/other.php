<?php
printf('I am by birth a Genevese (%s)', $_GET['i'] ?? 'i not set');
