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
struct Slab<Element: Sendable, Tag>: Sendable {
  private struct Place {
    var generation: UInt32
    var element: Element?
  }

  private var places: [Place] = []
  private var free: [UInt32] = []

  var count: Int { places.count - free.count }

  mutating func insert(_ element: Element) -> SlabID<Tag> {
    if let position = free.popLast() {
      places[Int(position)].element = element
      return SlabID(position: position, generation: places[Int(position)].generation)
    }
    places.append(Place(generation: 0, element: element))
    return SlabID(position: UInt32(places.count - 1), generation: 0)
  }

  @discardableResult
  mutating func remove(_ id: SlabID<Tag>) -> Element? {
    guard contains(id) else { return nil }
    let position = Int(id.position)
    let element = places[position].element.take()
    places[position].generation &+= 1
    free.append(id.position)
    return element
  }

  func contains(_ id: SlabID<Tag>) -> Bool {
    let position = Int(id.position)
    return position < places.count && places[position].generation == id.generation && places[position].element != nil
  }

  /// The element that `id` names, changed in place. Only for a name that `contains` confirmed or that this state keeps.
  subscript(id: SlabID<Tag>) -> Element {
    _read { yield places[Int(id.position)].element! }
    _modify { yield &places[Int(id.position)].element! }
  }

  /// The names of all elements, by place. Takes time with their number: for snapshots and shutdown.
  var ids: [SlabID<Tag>] {
    places.indices.compactMap { index in
      places[index].element == nil
        ? nil : SlabID(position: UInt32(index), generation: places[index].generation)
    }
  }
}
