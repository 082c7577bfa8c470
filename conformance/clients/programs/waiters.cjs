// The JavaScript SDK's waiters for a service and a task, and how often it tries a call that is refused; as JSON on stdout.
const {
  ECSClient, CreateServiceCommand, DescribeServicesCommand, RegisterTaskDefinitionCommand, RunTaskCommand, UpdateServiceCommand,
  waitUntilServicesStable, waitUntilTasksRunning, waitUntilTasksStopped,
} = require("@aws-sdk/client-ecs");

async function main() {
  const client = new ECSClient({});
  const cluster = `js-${process.pid}`;
  const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-0a1b2c3d4e5f60718"] } };
  const register = (image) => client.send(new RegisterTaskDefinitionCommand({
    family: cluster, requiresCompatibilities: ["FARGATE"], networkMode: "awsvpc", cpu: "256", memory: "512",
    containerDefinitions: [{ name: "app", image }],
  }));
  await register("registry.example.com/shop/web:1");
  await client.send(new CreateServiceCommand({
    cluster, serviceName: "web", taskDefinition: cluster, desiredCount: 2, launchType: "FARGATE", networkConfiguration,
  }));
  const patience = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
  const stable = await waitUntilServicesStable(patience, { cluster, services: ["web"] });
  await register("registry.example.com/shop/web:2");
  await client.send(new UpdateServiceCommand({ cluster, service: "web", taskDefinition: cluster }));
  const again = await waitUntilServicesStable(patience, { cluster, services: ["web"] });
  await register("registry.example.com/shop/migrate:takes-600");
  const run = await client.send(new RunTaskCommand({ cluster, taskDefinition: cluster, launchType: "FARGATE", networkConfiguration }));
  const tasks = { cluster, tasks: [run.tasks[0].taskArn] };
  const running = await waitUntilTasksRunning(patience, tasks);
  const stopped = await waitUntilTasksStopped(patience, tasks);
  // The simulator's clock is minutes ahead by now. A client that took its Date for the time would sign and send again and again.
  const refused = await client.send(new UpdateServiceCommand({ cluster, service: "nobody" })).catch((error) => error);
  console.log(JSON.stringify({
    states: [stable, again, running, stopped].map((result) => result.state),
    refused: refused.name,
    attempts: refused.$metadata.attempts,
    offset: Math.abs(client.config.systemClockOffset),
  }));
}

main().catch((error) => { console.error(error); process.exit(1); });
