/// Names an element of a `Slab`. A name never comes to mean another element: its place is used again, its generation
/// is not.
package struct SlabID<Tag>: Sendable, Hashable {
  package let position: UInt32
  package let generation: UInt32
}

extension SlabID: CustomStringConvertible {
  package var description: String { "\(position).\(generation)" }
}

/// Elements at stable places, found, added and removed in constant time. A value.
///
/// What was removed is let go when its place is used again: places without an empty case are read where they stand,
/// not copied out.
struct Slab<Element: Sendable, Tag>: Sendable {
  private var elements: [Element] = []
  /// Odd while the place is taken.
  private var generations: [UInt32] = []
  private var free: [UInt32] = []

  var count: Int { elements.count - free.count }

  mutating func insert(_ element: Element) -> SlabID<Tag> {
    if let position = free.popLast() {
      elements[Int(position)] = element
      generations[Int(position)] &+= 1
      return SlabID(position: position, generation: generations[Int(position)])
    }
    elements.append(element)
    generations.append(1)
    return SlabID(position: UInt32(elements.count - 1), generation: 1)
  }

  mutating func remove(_ id: SlabID<Tag>) {
    guard contains(id) else { return }
    generations[Int(id.position)] &+= 1
    free.append(id.position)
  }

  func contains(_ id: SlabID<Tag>) -> Bool {
    let position = Int(id.position)
    return position < generations.count && generations[position] == id.generation
  }

  /// The element that `id` names, changed in place. Only for a name that `contains` confirmed or that this state keeps.
  subscript(id: SlabID<Tag>) -> Element {
    _read { yield elements[Int(id.position)] }
    _modify { yield &elements[Int(id.position)] }
  }

  /// The names of all elements, by place. Takes time with their number: for snapshots and shutdown.
  var ids: [SlabID<Tag>] {
    generations.indices.compactMap { index in
      generations[index] % 2 == 0 ? nil : SlabID(position: UInt32(index), generation: generations[index])
    }
  }
}
