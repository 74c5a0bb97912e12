"""Where private keys live: in memory, or in a file under a passphrase."""
