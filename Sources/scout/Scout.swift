import ArgumentParser

@main
struct Scout: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "scout")
}
