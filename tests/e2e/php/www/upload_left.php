<?php // Leaves the uploaded file where it is and tells where that was.
echo $_FILES['file']['tmp_name'];
