<?php
try {
    tokio_send_headers((int) $_GET['status']);
} catch (ValueError $error) {
    echo get_class($error), ': ', $error->getMessage();
}
