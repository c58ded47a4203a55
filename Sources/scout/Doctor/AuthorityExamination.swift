import AgentAPI
import Enrollment
import Foundation
import SystemPackage

/// Looks at the authority's folder of a coordinator, and at the coordinator's own certificate in it. Makes neither.
struct AuthorityExamination {
  let settings: SettingsReader

  func findings() -> [Finding] {
    guard let folder = settings.text(.pki) else { return [] }
    do throws(EnrollmentError) {
      let path = FilePath(folder)
      guard let authority = try CoordinatorSecurity.authority(at: path) else {
        let addresses = try CoordinatorSecurity.enrollment(at: path)
        return [examine(issued: try CoordinatorSecurity.issued(at: path), asking: addresses.map(\.description))]
      }
      let end = authority.certificate.notAfter
      guard Date() < end else {
        return [
          Finding(
            .fault, "authority", "\(folder) has expired (\(end)): make another, and have the agents join it")
        ]
      }
      return [
        Finding(.good, "authority", "\(folder) is in force until \(end)"),
        examine(try CoordinatorSecurity.store(of: authority).load()),
      ]
        + (try Authorities.open(at: path).next == nil
          ? []
          : [
            Finding(
              .notice, "authority", "\(folder) is being rotated: `scout pki show` says who has not moved, then --finish"
            )
          ])
    } catch {
      let hint = error.code == .notFound ? ": make one with `scout pki init --pki \(folder)`" : ""
      return [Finding(.fault, "authority", "\(error.message)\(hint)")]
    }
  }

  /// Issued elsewhere, so nobody renews it here.
  private func examine(issued own: StoredCertificate, asking addresses: [String]) -> Finding {
    let end = own.leaf.notAfter
    guard own.identity.role == .coordinator, end > Date() else {
      return Finding(
        .fault, "authority",
        "\(own.identity) is no coordinator, or has expired (\(end)): `scout pki issue` another where the authority is")
    }
    let days = Int(end.timeIntervalSinceNow / 86_400)
    return Finding(
      days < 14 ? .notice : .good, "authority",
      "\(own.identity) is in force for \(days) days, and is not renewed by itself; "
        + (addresses.isEmpty
          ? "nobody is asked who is revoked" : "asks \(addresses.joined(separator: ", ")) who is revoked"))
  }

  private func examine(_ own: StoredCertificate?) -> Finding {
    guard let own, own.leaf.notAfter > Date() else {
      return Finding(
        .notice, "authority",
        "this coordinator has no certificate in force: it makes one when it starts; links are not tried")
    }
    return Finding(.good, "authority", "\(own.identity) is in force until \(own.leaf.notAfter), and renewed before")
  }
}
