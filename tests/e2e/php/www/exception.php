<?php
throw new RuntimeException('secret-in-exception');
