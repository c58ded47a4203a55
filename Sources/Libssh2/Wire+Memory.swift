import CSSH2
import Glibc

extension Wire {
  /// Zeroed: libssh2 1.10 can hand out an exit signal's name that the peer announced but did not send.
  func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard count <= memoryLimit - heldMemory, let block = unsafe calloc(1, max(count, 1)) else {
      memoryWasRefused = true
      return nil
    }
    heldMemory += unsafe malloc_usable_size(block)
    return unsafe block
  }

  func reallocate(_ block: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe block else { return unsafe allocate(count) }
    let held = unsafe malloc_usable_size(block)
    guard count <= memoryLimit - heldMemory + held, let moved = unsafe realloc(block, max(count, 1)) else {
      memoryWasRefused = true
      return nil
    }
    heldMemory += unsafe malloc_usable_size(moved) - held
    return unsafe moved
  }

  func release(_ block: UnsafeMutableRawPointer?) {
    guard let block = unsafe block else { return }
    heldMemory -= unsafe malloc_usable_size(block)
    unsafe free(block)
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
