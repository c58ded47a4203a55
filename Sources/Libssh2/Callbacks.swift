import CSSH2
import Glibc

// The C functions that libssh2 calls. Each finds its session's `Wire` through the session's abstract pointer.

typealias Abstract = UnsafeMutablePointer<UnsafeMutableRawPointer?>

/// recv(2)'s contract with libssh2's sign: bytes, 0 at the end, or a negated errno.
let receiveCallback: @convention(c) (CInt, UnsafeMutableRawPointer?, Int, CInt, Abstract?) -> Int = {
  _, buffer, length, _, abstract in
  guard let wire = unsafe Wire.of(abstract), let buffer = unsafe buffer else { return -Int(EBADF) }
  if wire.unreadCount > 0 {
    return unsafe wire.take(into: UnsafeMutableRawBufferPointer(start: buffer, count: length))
  }
  return wire.hasEnded ? 0 : -Int(EAGAIN)
}

/// Accepts everything, always: a send that falls short does not exist here.
let sendCallback: @convention(c) (CInt, UnsafeRawPointer?, Int, CInt, Abstract?) -> Int = {
  _, buffer, length, _, abstract in
  guard let wire = unsafe Wire.of(abstract), let buffer = unsafe buffer else { return -Int(EBADF) }
  if !wire.discardsOutbound {
    unsafe wire.outbound.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: length))
  }
  return length
}

let disconnectCallback:
  @convention(c) (
    OpaquePointer?, CInt, UnsafePointer<CChar>?, CInt, UnsafePointer<CChar>?, CInt, Abstract?
  ) -> Void = { _, reason, message, length, _, _, abstract in
    guard let wire = unsafe Wire.of(abstract) else { return }
    var text = "reason \(reason)"
    if let message = unsafe message, length > 0 {
      let bytes = unsafe UnsafeRawBufferPointer(start: message, count: min(Int(length), 256))
      text = unsafe String(decoding: bytes, as: UTF8.self)
    }
    wire.goodbye = text
  }

let allocateCallback: @convention(c) (Int, Abstract?) -> UnsafeMutableRawPointer? = { count, abstract in
  unsafe Wire.of(abstract)?.allocate(count)
}

let reallocateCallback: @convention(c) (UnsafeMutableRawPointer?, Int, Abstract?) -> UnsafeMutableRawPointer? = {
  block, count, abstract in
  unsafe Wire.of(abstract)?.reallocate(block, count)
}

let releaseCallback: @convention(c) (UnsafeMutableRawPointer?, Abstract?) -> Void = { block, abstract in
  unsafe Wire.of(abstract)?.release(block)
}

/// Asks for a signature by noting what is to be signed and returning EAGAIN, until the signature is there.
/// Returns 0, LIBSSH2_ERROR_EAGAIN, or LIBSSH2_ERROR_ALLOC.
let signCallback:
  @convention(c) (
    OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, UnsafeMutablePointer<Int>?,
    UnsafePointer<UInt8>?, Int, Abstract?
  ) -> CInt = { _, signature, signatureLength, data, dataLength, abstract in
    guard let wire = unsafe Wire.of(abstract), let signature = unsafe signature,
      let signatureLength = unsafe signatureLength
    else { return LIBSSH2_ERROR_BAD_USE }
    guard let ready = wire.signature else {
      wire.dataToSign = unsafe Array(UnsafeBufferPointer(start: data, count: dataLength))
      return LIBSSH2_ERROR_EAGAIN
    }
    guard let block = unsafe wire.handOver(ready) else { return LIBSSH2_ERROR_ALLOC }
    unsafe signature.pointee = block
    unsafe signatureLength.pointee = ready.count
    return 0
  }

/// Gives the secret to every prompt that hides what is typed, and nothing to the others.
let promptCallback:
  @convention(c) (
    UnsafePointer<CChar>?, CInt, UnsafePointer<CChar>?, CInt, CInt, UnsafePointer<LIBSSH2_USERAUTH_KBDINT_PROMPT>?,
    UnsafeMutablePointer<LIBSSH2_USERAUTH_KBDINT_RESPONSE>?, Abstract?
  ) -> Void = { _, _, _, _, count, prompts, responses, abstract in
    guard let wire = unsafe Wire.of(abstract), let prompts = unsafe prompts, let responses = unsafe responses else {
      return
    }
    for index in 0..<max(0, Int(count)) where unsafe prompts[index].echo == 0 {
      guard let block = unsafe wire.handOver(wire.secretAnswer) else { return }
      unsafe responses[index].text = UnsafeMutableRawPointer(block).assumingMemoryBound(to: CChar.self)
      unsafe responses[index].length = UInt32(wire.secretAnswer.count)
    }
  }
