import AgentAPI
import SSH

