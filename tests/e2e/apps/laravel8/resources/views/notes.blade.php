<!doctype html><title>Notes</title><h1>{{ count($notes) }} notes</h1>
<ul>@foreach ($notes as $note)<li>{{ $note->body }}</li>@endforeach</ul>
