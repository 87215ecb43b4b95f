<?php // What an application's front controller is: it hands a closure to the runtime that includes it again.

require_once dirname(__DIR__) . '/vendor/autoload_runtime.php';

return fn (array $context) => new Kernel($context['APP_ENV'] ?? 'prod');
