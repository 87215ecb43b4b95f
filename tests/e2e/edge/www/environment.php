<?php
echo json_encode(getenv());
