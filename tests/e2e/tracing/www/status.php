<?php
http_response_code((int) $_GET['code']);
