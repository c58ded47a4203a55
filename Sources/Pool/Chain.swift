/// An element of a slab that can stand in one chain at a time.
protocol Chained: Sendable {
  associatedtype Tag
  var link: Link<Tag> { get set }
}

/// An element's neighbours in its chain.
struct Link<Tag>: Sendable {
  var previous: SlabID<Tag>?
  var next: SlabID<Tag>?
}

/// An order over elements of a slab: first in, first out, with removal from the middle. Every operation takes constant
/// time. A value; the elements themselves stay in the slab.
struct Chain<Element: Chained>: Sendable {
  private(set) var first: SlabID<Element.Tag>?
  private var last: SlabID<Element.Tag>?
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ id: SlabID<Element.Tag>, in slab: inout Slab<Element, Element.Tag>) {
    slab[id].link = Link(previous: last, next: nil)
    if let last {
      slab[last].link.next = id
    } else {
      first = id
    }
    last = id
    count += 1
  }

  /// Only for an element that stands in this chain.
  mutating func remove(_ id: SlabID<Element.Tag>, in slab: inout Slab<Element, Element.Tag>) {
    let link = slab[id].link
    if let previous = link.previous {
      slab[previous].link.next = link.next
    } else {
      first = link.next
    }
    if let next = link.next {
      slab[next].link.previous = link.previous
    } else {
      last = link.previous
    }
    slab[id].link = Link()
    count -= 1
  }
}
