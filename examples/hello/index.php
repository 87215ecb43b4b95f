<?php
// The page that ./dev run serves: what is running, what a request looks like to PHP, a form, an upload
// and a session. Plain PHP 8.2, no dependencies; it also runs under any other server.
declare(strict_types=1);

require __DIR__ . '/page.inc';

session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);
$_SESSION['token'] ??= bin2hex(random_bytes(16));

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    // A body over post_max_size leaves $_POST empty, the token with it: that is told apart.
    $too_large = $_POST === [] && $_FILES === [] && (int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > 0;
    if ($too_large) {
        http_response_code(413);
        $problem = 'That was more than post_max_size (' . ini_get('post_max_size') . ') allows.';
    } elseif (!is_string($_POST['token'] ?? null) || !hash_equals($_SESSION['token'], $_POST['token'])) {
        http_response_code(403);
        $problem = 'This form is not from your session any more. Please send it again.';
    } elseif (isset($_POST['reset'])) {
        $_SESSION['visits'] = 0;
        header('Location: ' . strtok($_SERVER['REQUEST_URI'], '?'), true, 303);
        exit;
    }
} else {
    $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
}

$name = isset($problem) ? null : ($_POST['name'] ?? null);
$upload = isset($problem) ? null : upload_facts($_FILES['file'] ?? null);
$tables = [
    '$_SERVER' => hide_secrets(without_environment($_SERVER)),
    '$_GET' => $_GET,
    '$_POST' => hide_secrets($_POST),
    '$_COOKIE' => hide_secrets($_COOKIE),
    '$_FILES' => $_FILES,
    '$_SESSION' => hide_secrets($_SESSION),
];
$facts = server_facts();
$visits = (int) ($_SESSION['visits'] ?? 0);
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Howdah is running</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="style.css">

<header>
  <img src="logo.svg" alt="" width="240" height="200">
  <div>
    <h1>Hello from <?= e(function_exists('tokio_server_info') ? $facts['Server'] : 'PHP') ?></h1>
    <p class="lead">PHP <?= e(PHP_VERSION) ?> answered this request. Below is what it runs on and what it was given.</p>
  </div>
</header>

<main>
  <dl class="card facts">
<?php foreach ($facts as $label => $value): ?>
    <div><dt><?= e($label) ?></dt><dd><?= e($value) ?></dd></div>
<?php endforeach ?>
  </dl>

<?php if (isset($problem)): ?>
  <p class="answer bad" role="alert"><?= e($problem) ?></p>
<?php endif ?>

  <div class="try">
    <section class="card">
      <h2>A form <small>POST</small></h2>
<?php if (is_string($name)): ?>
      <p class="answer">Hello, <strong><?= e($name === '' ? 'whoever you are' : $name) ?></strong>.</p>
<?php else: ?>
      <p>What you send comes back from <code>$_POST</code>.</p>
<?php endif ?>
      <form method="post">
        <?= token_field() ?>
        <label>Your name <input type="text" name="name" maxlength="80" autocomplete="off" value="<?= is_string($name) ? e($name) : '' ?>"></label>
        <button>Send</button>
      </form>
    </section>

    <section class="card">
      <h2>An upload <small>up to <?= e(ini_get('upload_max_filesize')) ?></small></h2>
<?php if (is_array($upload)): ?>
      <div class="answer"><dl>
<?php foreach ($upload as $label => $value): ?>
        <dt><?= e($label) ?></dt><dd><?= e($value) ?></dd>
<?php endforeach ?>
      </dl></div>
<?php elseif (is_string($upload)): ?>
      <p class="answer bad" role="alert"><?= e($upload) ?></p>
<?php else: ?>
      <p>It is measured and hashed, and not kept.</p>
<?php endif ?>
      <form method="post" enctype="multipart/form-data">
        <?= token_field() ?>
        <label>A file <input type="file" name="file" required></label>
        <button>Upload</button>
      </form>
    </section>

    <section class="card">
      <h2>A session <small><?= e(session_module_name() ?: '') ?> handler</small></h2>
      <p class="count"><?= $visits ?></p>
      <p><?= $visits === 1 ? 'visit' : 'visits' ?> in this session.</p>
      <form method="post">
        <?= token_field() ?>
        <div class="row">
          <button class="quiet" name="reset" value="1">Start again</button>
        </div>
      </form>
    </section>
  </div>

  <h2>What PHP was given</h2>
<?php foreach ($tables as $title => $values): ?>
  <details<?= $title === '$_SERVER' || $values === [] ? '' : ' open' ?>>
    <summary><?= e($title) ?> <small><?= count($values) ?: 'empty' ?></small></summary>
    <?= table($values) ?>

  </details>
<?php endforeach ?>
</main>

<footer>
  Memory peak <?= e(bytes(memory_get_peak_usage())) ?>, made in <?= number_format((microtime(true) - $_SERVER['REQUEST_TIME_FLOAT']) * 1000, 2) ?> ms.
  What <code>$_SERVER</code> has from the environment is left out. The source of this page is <code>examples/hello</code>.
</footer>
