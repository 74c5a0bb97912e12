"""The one door by which raw private bytes leave a key; only `keys.stores` may use it."""

from keys.derive import Secret
from keys.material import PrivateKey


def secret_bytes(key: PrivateKey) -> Secret:
    """Return the raw bytes of `key`, which `Suite.private_key` takes back."""
    return key._secret
