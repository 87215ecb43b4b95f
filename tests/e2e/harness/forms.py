"""Request bodies as browsers write them."""

from urllib.parse import urlencode

BOUNDARY = "----howdah-e2e-boundary"


def urlencoded(pairs):
    """Body and headers of a plain form."""
    return urlencode(pairs).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def multipart(fields=(), files=()):
    """Body and headers of a form with files: fields are (name, value), files are
    (name, file name, content type, bytes)."""
    parts = []
    for name, value in fields:
        parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, file_name, content_type, content in files:
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        parts.append(head.encode() + content + b"\r\n")
    parts.append(f"--{BOUNDARY}--\r\n".encode())
    return b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
