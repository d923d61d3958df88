//! A Job as a metric: made, looked at, broken off, and cleared away.

use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use model::analysis::{JobMetric, Measurement};
use model::{Object, Time};
use rollout::Meta;
use rollout::analysis::replies::{job, job_name, new_job, remembered};
use rollout::analysis::{Found, Outcome, Phase, Task, Work};

const RUN_UID: &str = "analysisrun.argoproj.io/uid";

/// Runs the Jobs of metrics.
#[derive(Clone)]
pub struct JobRunner(Client);

impl JobRunner {
    /// Jobs are made with this client.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Does what a task asks for; whatever goes wrong is an outcome, too.
    pub async fn measure(&self, run: &Meta, task: &Task, now: Time) -> Outcome {
        let Some(wanted) = &task.metric.provider.job else { return Outcome::error("the metric is no Job") };
        let answer = match &task.work {
            Work::Measure => self.start(run, task, wanted, now).await,
            Work::Resume(measurement) => self.look(measurement, now).await,
            Work::Terminate(measurement) => self.stop(measurement).await,
        };
        answer.unwrap_or_else(|why| Outcome::error(why.to_string()))
    }

    /// Deletes all Jobs of a run but the newest.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn keep_newest(&self, run: &Meta, keep: usize) -> Result<(), kube::Error> {
        let jobs = self.jobs(&run.namespace);
        let found = jobs.list(&ListParams::default().labels(&format!("{RUN_UID}={}", run.uid))).await?;
        let mut found = found.items;
        found.sort_by_key(|job| std::cmp::Reverse(job.metadata.creation_timestamp.clone()));
        for old in found.into_iter().skip(keep) {
            let name = old.metadata.name.unwrap_or_default();
            gone(jobs.delete(&name, &DeleteParams::foreground()).await)?;
        }
        Ok(())
    }

    async fn start(
        &self,
        run: &Meta,
        task: &Task,
        wanted: &JobMetric,
        now: Time,
    ) -> Result<Outcome, kube::Error> {
        let made = new_job(run, &task.metric.name, task.number, wanted);
        let jobs = self.jobs(&run.namespace);
        let value: DynamicObject =
            serde_json::from_value(made.into_value()).map_err(kube::Error::SerdeError)?;
        let there = match jobs.create(&PostParams::default(), &value).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {
                // Made before a stop, if it is this run's.
                let name = job_name(&run.uid, &task.metric.name, task.number);
                let there = jobs.get(&name).await?;
                let own = there.metadata.owner_references.iter().flatten().any(|owner| owner.uid == run.uid);
                if !own {
                    return Ok(Outcome::error(format!("Job {name} is there and belongs to somebody else")));
                }
                there
            }
            answer => answer?,
        };
        Ok(job(&object(&there), &[], now, now))
    }

    async fn look(&self, measurement: &Measurement, now: Time) -> Result<Outcome, kube::Error> {
        let Some((namespace, name)) = remembered(measurement) else {
            return Ok(Outcome::error("the measurement remembers no Job"));
        };
        let there = self.jobs(namespace).get(name).await?;
        let pods =
            self.pods(namespace).list(&ListParams::default().labels(&format!("job-name={name}"))).await?;
        let pods: Vec<_> = pods.items.iter().map(object).collect();
        Ok(job(&object(&there), &pods, measurement.started_at.unwrap_or(now), now))
    }

    async fn stop(&self, measurement: &Measurement) -> Result<Outcome, kube::Error> {
        if let Some((namespace, name)) = remembered(measurement) {
            gone(self.jobs(namespace).delete(name, &DeleteParams::foreground()).await)?;
        }
        let message = "Metric Terminated".to_owned();
        Ok(Outcome::new(Found::Verdict { phase: Phase::Inconclusive, text: String::new(), message }))
    }

    fn jobs(&self, namespace: &str) -> Api<DynamicObject> {
        let kind = ApiResource::erase::<k8s_openapi::api::batch::v1::Job>(&());
        Api::namespaced_with(self.0.clone(), namespace, &kind)
    }

    fn pods(&self, namespace: &str) -> Api<DynamicObject> {
        let kind = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        Api::namespaced_with(self.0.clone(), namespace, &kind)
    }
}

/// A Job that is not there any more is as good as deleted.
fn gone<T>(answer: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match answer {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        answer => answer.map(|_| ()),
    }
}

fn object(found: &DynamicObject) -> Object {
    let value = serde_json::to_value(found).unwrap_or_default();
    Object::from_value(value)
        .unwrap_or_else(|_| Object::from_value(serde_json::json!({})).expect("it is a map"))
}
