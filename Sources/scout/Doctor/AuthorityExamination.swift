import Enrollment
import Foundation
import SystemPackage

/// Looks at the authority's folder of a coordinator, and at the coordinator's own certificate in it. Makes neither.
struct AuthorityExamination {
  let settings: SettingsReader

  func findings() -> [Finding] {
    guard let folder = settings.text(.pki) else { return [] }
    do throws(EnrollmentError) {
      let authority = try Authority.open(at: FilePath(folder))
      let end = authority.certificate.notAfter
      guard Date() < end else {
        return [
          Finding(
            .fault, "authority", "\(folder) is out of force since \(end): make another, and have the agents join it")
        ]
      }
      return [
        Finding(.good, "authority", "\(folder) is in force until \(end)"),
        examine(try CoordinatorSecurity.store(of: authority).load()),
      ]
    } catch {
      let hint = error.code == .notFound ? ": make one with `scout pki init --pki \(folder)`" : ""
      return [Finding(.fault, "authority", "\(error.message)\(hint)")]
    }
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
