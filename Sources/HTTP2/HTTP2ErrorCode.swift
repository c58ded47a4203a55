/// A value: why a stream was reset or a connection ended, as the wire says it. A code that is not in the table arrives as
/// `internalError`. Source: RFC 9113, section 7.
package enum HTTP2ErrorCode: UInt32, Sendable, CaseIterable {
  case noError = 0x0
  case protocolError = 0x1
  case internalError = 0x2
  case flowControlError = 0x3
  case settingsTimeout = 0x4
  case streamClosed = 0x5
  case frameSizeError = 0x6
  case refusedStream = 0x7
  case cancel = 0x8
  case compressionError = 0x9
  case connectError = 0xa
  case enhanceYourCalm = 0xb
  case inadequateSecurity = 0xc
  case http11Required = 0xd

  init(wire: UInt32) {
    self = Self(rawValue: wire) ?? .internalError
  }
}
