// Nghttp2
