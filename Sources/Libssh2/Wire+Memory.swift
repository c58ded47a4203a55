import CSSH2
import Glibc

/// What stands before each piece of memory that libssh2 holds: the pieces of a session form a list.
@unsafe
struct MemoryBlock {
  /// A multiple of malloc's alignment, and room for a `MemoryBlock`.
  static let headerSize = 32
  /// Bytes behind each piece, zero at first. libssh2 1.10 reads a host's Ed25519 key of 32 bytes wherever the host says that it
  /// begins (hostkey_method_ssh_ed25519_init, hostkey.c), so up to 32 bytes beyond a key that ends early.
  static let marginSize = 32
  static let overhead = headerSize + marginSize

  var previous: UnsafeMutablePointer<MemoryBlock>?
  var next: UnsafeMutablePointer<MemoryBlock>?
  /// Bytes that libssh2 asked for.
  var count: Int
}

/// libssh2's allocator for one session: bounded, zeroed, with a margin behind each piece, and given back as a whole at the end.
/// libssh2 1.10 forgets some memory when a key exchange fails, reads beyond a host's key that is too short, and can hand out an
/// exit signal's name that the host announced but did not send.
extension Wire {
  func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard count >= 0, count <= memoryLimit - heldMemory, let raw = unsafe calloc(1, MemoryBlock.overhead + count)
    else {
      memoryWasRefused = true
      return nil
    }
    return unsafe link(raw, count)
  }

  func reallocate(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return unsafe allocate(count) }
    let block = unsafe unlink(pointer)
    let held = unsafe block.pointee.count
    guard count >= 0, count <= memoryLimit - heldMemory, let raw = unsafe realloc(block, MemoryBlock.overhead + count)
    else {
      memoryWasRefused = true
      unsafe _ = link(UnsafeMutableRawPointer(block), held)
      return nil
    }
    return unsafe link(raw, count)
  }

  func release(_ pointer: UnsafeMutableRawPointer?) {
    guard let pointer = unsafe pointer else { return }
    unsafe free(unlink(pointer))
  }

  /// The session is freed: whatever libssh2 has forgotten goes too.
  func releaseAll() {
    while let block = unsafe blocks {
      unsafe release(UnsafeMutableRawPointer(block) + MemoryBlock.headerSize)
    }
  }

  private func link(_ raw: UnsafeMutableRawPointer, _ count: Int) -> UnsafeMutableRawPointer {
    let block = unsafe raw.bindMemory(to: MemoryBlock.self, capacity: 1)
    unsafe block.initialize(to: MemoryBlock(previous: nil, next: blocks, count: count))
    unsafe blocks?.pointee.previous = unsafe block
    unsafe blocks = unsafe block
    heldMemory += count
    return unsafe raw + MemoryBlock.headerSize
  }

  private func unlink(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<MemoryBlock> {
    let block = unsafe (pointer - MemoryBlock.headerSize).assumingMemoryBound(to: MemoryBlock.self)
    let (previous, next) = unsafe (block.pointee.previous, block.pointee.next)
    if let previous = unsafe previous {
      unsafe previous.pointee.next = unsafe next
    } else {
      unsafe blocks = unsafe next
    }
    unsafe next?.pointee.previous = unsafe previous
    heldMemory -= unsafe block.pointee.count
    return unsafe block
  }

  /// A copy in memory that libssh2 will free.
  func handOver(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8>? {
    guard let block = unsafe allocate(bytes.count) else { return nil }
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe block.copyMemory(from: start, byteCount: source.count) }
    }
    return unsafe block.assumingMemoryBound(to: UInt8.self)
  }
}
