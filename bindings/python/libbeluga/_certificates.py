"""Finds the trusted certificates of this machine: the library in the wheel does not know where distributions keep them."""
from __future__ import annotations

import os
from typing import Optional

# The usual files of Debian, Fedora, openSUSE, Alpine and FreeBSD.
USUAL = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
         "/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt")
_found: Optional[str] = None
_looked = False


def _of_python() -> Optional[str]:
    try:
        import ssl
    except ImportError:
        return None
    return ssl.get_default_verify_paths().cafile


def _of_certifi() -> Optional[str]:
    try:
        import certifi  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    return str(certifi.where())


def find() -> Optional[str]:
    """Return the first that exists: SSL_CERT_FILE, the file of Python's ssl, a usual file, the file of certifi; or None."""
    global _found, _looked
    named = os.environ.get("SSL_CERT_FILE")
    if named:
        return named
    if not _looked:
        usual = next((path for path in USUAL if os.path.exists(path)), None)
        _found, _looked = _of_python() or usual or _of_certifi(), True
    return _found
