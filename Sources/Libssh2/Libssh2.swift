// Libssh2
